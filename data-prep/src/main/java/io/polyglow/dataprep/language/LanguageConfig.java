package io.polyglow.dataprep.language;

import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Range;
import java.io.Serializable;
import java.util.List;

/** Settings of language identification. */
public record LanguageConfig(
        @Default("[opennlp]")
                @Doc(
                        "Models, the first decides: opennlp (bundled, 103 labels, 100 languages), or the path of a supervised fastText model such as lid.176.ftz or GlotLID's model.bin; a plain path is local, hdfs://... is HDFS.")
                List<String> models,
        @Default("true")
                @Doc(
                        "A language that the input states for a document in columns.language is believed; false treats the document as one that states none.")
                boolean trustStated,
        @Default("false")
                @Doc(
                        "What a page claims of itself (<html lang>) or its archive of it (WARC-Identified-Content-Language) is believed; right for collections of pages made with care. Templates of web sites often claim en.")
                boolean trustPage,
        @Default("0.1") @Range(min = 0, max = 1) @Doc("Score below which a detected language is unknown (und).")
                double minScore,
        @Default("0.01") @Range(min = 0, max = 1) @Doc("Score of the weakest opinion that is kept, of each model.")
                double opinionFloor)
        implements Serializable {

    /** What an empty config says. */
    public static final LanguageConfig DEFAULTS = new LanguageConfig(List.of("opennlp"), true, false, 0.1, 0.01);

    /** Copies the list. */
    public LanguageConfig {
        models = List.copyOf(models);
    }
}
