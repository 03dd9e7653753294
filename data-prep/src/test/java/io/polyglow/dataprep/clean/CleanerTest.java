package io.polyglow.dataprep.clean;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Document;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CleanerTest {
    @Test
    void shouldComposeCharactersAndUnifyLineEndings() {
        Document document = Cleaner.clean(raw("e\u0301\r\nb\rc\n\uAC00\u11A8", "fr"));

        assertThat(document.text()).isEqualTo("\u00e9\nb\nc\n\uAC01");
    }

    @Test
    void shouldGiveEqualHashesExactlyToEqualNormalisedTexts() {
        assertThat(Cleaner.clean(raw("e\u0301", null)).contentHash())
                .isEqualTo(Cleaner.clean(raw("\u00e9", "fr")).contentHash());
        assertThat(Cleaner.clean(raw("e", null)).contentHash())
                .isNotEqualTo(Cleaner.clean(raw("\u00e9", null)).contentHash());
    }

    @Test
    void shouldRejectBlankTextsAndKeepTheReasonsOfReaders() {
        assertThat(Cleaner.clean(raw(" \n\u3000", null)).rejected()).startsWith("empty");
        assertThat(new Place("f", 3, 0).toString()).isEqualTo("f:3");
        assertThat(Cleaner.clean(RawDocument.rejected(new Place("f", 3, 0), "malformed"))
                        .rejected())
                .isEqualTo("malformed");
    }

    private static RawDocument raw(String text, @Nullable String language) {
        return RawDocument.of(new Place("f", 1, 0), new Metadata(null, null, null, language), new Decoded(text, 0, 0));
    }
}
