package io.polyglow.common.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A key that this record once had. Using it is an error that gives the advice. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Repeatable(Retired.All.class)
public @interface Retired {
    /** The kebab-case key. */
    String key();

    /** What to write today, e.g. {@code "use batch.global"}. */
    String advice();

    /** Several retired keys. */
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.TYPE)
    @interface All {
        /** The retired keys. */
        Retired[] value();
    }
}
