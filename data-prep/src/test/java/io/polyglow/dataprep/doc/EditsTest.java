package io.polyglow.dataprep.doc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class EditsTest {
    @Test
    void shouldLeaveATextWithoutEditsAsItIs() {
        assertThat(Edits.apply("text", List.of())).isEqualTo("text");
    }

    @Test
    void shouldReplaceAndRemoveInAnyOrder() {
        List<Edit> edits = List.of(Edit.removal(5, 9), new Edit(0, 4, "XX"));
        assertThat(Edits.apply("mail abcd end", edits)).isEqualTo("XX  end");
    }

    @Test
    void shouldTakeOutAnOverlapOnceAndAddNothingForTheInnerEdit() {
        List<Edit> edits = List.of(Edit.removal(2, 6), new Edit(4, 8, "inner"));
        assertThat(Edits.apply("0123456789", edits)).isEqualTo("0189");
    }

    @Test
    void shouldLetTheLongerOfTwoEditsAtOnePlaceWin() {
        List<Edit> edits = List.of(new Edit(1, 2, "short"), new Edit(1, 4, "long"));
        assertThat(Edits.apply("012345", edits)).isEqualTo("0long45");
    }

    @Test
    void shouldRefuseAnEditPastTheEnd() {
        assertThatThrownBy(() -> Edits.apply("abc", List.of(Edit.removal(2, 9))))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
