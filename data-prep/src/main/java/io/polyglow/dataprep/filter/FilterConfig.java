package io.polyglow.dataprep.filter;

import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Range;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the filters. Every value set here holds for all languages; one left out is decided by the language's file in {@code thresholds}, then by the
 * file that Polyglow brings for it, then by {@code default.yaml}.
 */
public record FilterConfig(
        @Default("true")
                @Doc("Whether documents are filtered by their quality; the numbers are taken in any case, for"
                        + " prepare what-if.")
                boolean on,
        @Doc("Local directory with your own values, one file per language such as swh_Latn.yaml; prepare"
                        + " fit-thresholds makes them.")
                @Nullable
                String thresholds,
        @Doc("Local directory with lists of bad words as C4 uses them, a file per language such as en.txt"
                        + " or eng_Latn.txt, a word or phrase a line. A document with one is left out"
                        + " (c4.max-bad-words). Polyglow brings no list.")
                @Nullable
                String badWords,
        @Range(min = 0, max = 1) @Doc("Smallest score of the language that was found.") @Nullable Double languageScore,
        Thresholds.GopherQuality gopherQuality,
        Thresholds.GopherRepetition gopherRepetition,
        Thresholds.Fineweb fineweb,
        Thresholds.C4 c4,
        Thresholds.Mc4 mc4,
        Thresholds.Characters characters) {

    /** The values that hold for all languages. */
    Thresholds forAll() {
        return new Thresholds(languageScore, gopherQuality, gopherRepetition, fineweb, c4, mc4, characters, null);
    }
}
