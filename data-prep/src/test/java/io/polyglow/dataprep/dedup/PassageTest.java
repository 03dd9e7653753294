package io.polyglow.dataprep.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.dedup.Passage.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Texts in lines and paragraphs. */
class PassageTest {
    private static List<String> pieces(String text, Kind kind) {
        return Passage.of(text, kind, 1).stream()
                .map(passage -> text.substring(passage.start(), passage.end()))
                .toList();
    }

    @Test
    void shouldCutLinesAndParagraphsWithAllThatFollowsThem() {
        String text = "\n\none\ntwo\n \n\nthree\n---\nfour";

        assertThat(pieces(text, Kind.LINE)).containsExactly("one\n", "two\n", "three\n", "four");
        assertThat(pieces(text, Kind.PARAGRAPH)).containsExactly("\n\none\ntwo\n \n\n", "three\n---\nfour");
        assertThat(pieces("", Kind.PARAGRAPH)).isEmpty();
        assertThat(pieces("\n\n", Kind.PARAGRAPH)).isEmpty();
    }

    @Test
    void shouldKnowAPassageInOtherDressAndLeaveShortOnesAlone() {
        List<Passage> lines =
                Passage.of("Share this on 12 May!\nyes\nSHARE  this, on 3 may\nother words here", Kind.LINE, 4);

        assertThat(lines).hasSize(3);
        assertThat(lines.get(1).key()).isEqualTo(lines.get(0).key());
        assertThat(lines.get(2).key()).isNotEqualTo(lines.get(0).key());
        assertThat(lines).extracting(Passage::first).containsExactly(true, false, true);
    }
}
