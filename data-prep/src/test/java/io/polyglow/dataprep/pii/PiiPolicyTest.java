package io.polyglow.dataprep.pii;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.Edits;
import io.polyglow.dataprep.pii.PiiConfig.Action;
import io.polyglow.dataprep.pii.PiiConfig.Placeholder;
import java.util.List;
import org.junit.jupiter.api.Test;

class PiiPolicyTest {
    private static final String TEXT =
            "Mail jane@site.org or call +44 20 7946 0018; pay to DE89 3704 0044 0532 0130 00 from 81.2.69.142 or 2a00:1450:4001:81b::200e, SSN 536-90-4399.";

    private final PiiAnnotator annotator = new PiiAnnotator();
    private final List<PiiSpan> spans = annotator.annotate(TEXT, "eng_Latn");

    @Test
    void shouldReplaceWhatIsRedactedAndKeepWhatIsTagged() {
        String kept = Edits.apply(TEXT, new PiiPolicy(PiiConfig.DEFAULTS).edits(TEXT, spans));

        assertThat(kept)
                .isEqualTo(
                        "Mail <EMAIL> or call +44 20 7946 0018; pay to <IBAN> from <IP_ADDRESS> or <IP_ADDRESS>, SSN <NATIONAL_ID>.");
    }

    @Test
    void shouldReplaceByExamplesThatAreNotFoundAgain() {
        String kept = Edits.apply(TEXT, new PiiPolicy(all(Action.REDACT, Placeholder.EXAMPLE)).edits(TEXT, spans));

        assertThat(kept)
                .isEqualTo(
                        "Mail email@example.com or call +00 00 0000 0000; pay to XX00 0000 0000 0000 0000 00 from 192.0.2.1 or 2001:db8::1, SSN 000-00-0000.");
        assertThat(annotator.annotate(kept, "eng_Latn")).isEmpty();
    }

    @Test
    void shouldDropDocumentsWithTheNamesOfTheKinds() {
        assertThat(new PiiPolicy(all(Action.DROP, Placeholder.TAG)).reason(spans))
                .contains("pii: email, ip-address, phone, iban, national-id");
        assertThat(new PiiPolicy(PiiConfig.DEFAULTS).reason(spans)).isEmpty();
        assertThat(new PiiPolicy(all(Action.DROP, Placeholder.TAG)).edits(TEXT, spans))
                .isEmpty();
        assertThat(new PiiPolicy(all(Action.DROP, Placeholder.TAG)).reason(List.of()))
                .isEmpty();
    }

    private static PiiConfig all(Action action, Placeholder placeholder) {
        return new PiiConfig(action, action, action, action, action, action, placeholder);
    }
}
