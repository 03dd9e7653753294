package io.polyglow.dataprep.doc;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Properties;
import java.util.stream.Collectors;

/** Versions of the libraries that decide what texts become, as the build pins them ({@code libraries.properties}, which the build writes). */
public final class Libraries {
    private static final String FILE = "/io/polyglow/dataprep/libraries.properties";
    private static final Properties VERSIONS = load();

    private Libraries() {}

    /** Such as {@code jsoup 1.20.1, jwarc 0.31.1}, by the names of the build's properties. */
    public static String versions(String... names) {
        return Arrays.stream(names).map(name -> name + " " + version(name)).collect(Collectors.joining(", "));
    }

    private static String version(String name) {
        String version = VERSIONS.getProperty(name);
        if (version == null || !version.matches("[0-9].*")) {
            throw new PolyglowException(
                    ErrorKind.BUG, FILE + " has no version of " + name + " but " + version + "; the build writes it.");
        }
        return version;
    }

    private static Properties load() {
        Properties versions = new Properties();
        try (InputStream in = Libraries.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IOException("it is not on the class path");
            }
            versions.load(in);
        } catch (IOException e) {
            throw new PolyglowException(ErrorKind.BUG, FILE + " cannot be read: " + e.getMessage() + ".", e);
        }
        return versions;
    }
}
