package io.polyglow.dataprep.language;

import io.polyglow.dataprep.language.LanguageAnnotation.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Annotates documents with their language. The cost is bounded whatever the length: each model sees {@link #DOCUMENT_CHARS} of the document, and the first one {@link Paragraphs#MAX} samples of
 * {@link #PARAGRAPH_CHARS} besides. An instance belongs to one thread.
 */
public final class LanguageAnnotator {
    /** Changes when the answers of the same models can change. */
    public static final String VERSION = "language-3";

    /** The model that opinions of pages about themselves go by. */
    public static final String PAGE = "page";

    /** A longer sample does not change the answer, only the time. */
    static final int DOCUMENT_CHARS = 4096;

    static final int PARAGRAPH_CHARS = 512;

    private static final double USUAL_SHARE = 0.1;

    private final List<LanguageIdentifier> identifiers;
    private final LanguageConfig config;

    /** Annotates with these models, of which the first decides. */
    public LanguageAnnotator(List<LanguageIdentifier> identifiers, LanguageConfig config) {
        if (identifiers.isEmpty()) {
            throw new IllegalArgumentException("no model decides");
        }
        this.identifiers = List.copyOf(identifiers);
        this.config = config;
    }

    /** The annotation of a normalised text. What is not trusted of {@code said} stays as an opinion: a page's claim, of model {@value #PAGE} and score 1. */
    public LanguageAnnotation annotate(String text, StatedLanguages said) {
        String script = Scripts.dominant(text);
        String sample = TextSample.of(text, 0, text.length(), DOCUMENT_CHARS);
        List<Opinion> opinions = new ArrayList<>();
        for (LanguageIdentifier identifier : identifiers) {
            opinions.addAll(opinions(identifier, sample, script));
        }
        Optional<Opinion> page = stated(said.page(), sample, script);
        Optional<Opinion> best = config.trustStated() ? stated(said.metadata(), sample, script) : Optional.empty();
        LanguageSource source = LanguageSource.METADATA;
        if (best.isEmpty() && config.trustPage()) {
            best = page;
            source = LanguageSource.PAGE;
        }
        if (best.isEmpty()) {
            best = stated(said.config(), sample, script);
            source = LanguageSource.CONFIG;
        }
        Opinion answer = best.orElseGet(() -> deciding(opinions, script));
        if (best.isEmpty()) {
            source = answer.label().isKnown() ? LanguageSource.DETECTED : LanguageSource.NONE;
        }
        page.ifPresent(opinions::add);
        return new LanguageAnnotation(
                answer.label(), answer.score(), source, script, List.copyOf(opinions), runs(text, answer));
    }

    private static Optional<Opinion> stated(@Nullable String label, String sample, String script) {
        return LanguageLabel.parse(label)
                .map(stated -> new Opinion(PAGE, stated.writtenIn(script(stated, sample, script)), 1));
    }

    /**
     * The script of a text whose language is stated: the language's usual one, if a tenth of the letters are of it, so that labels and marks in Latin letters do not
     * decide in short texts; else the dominant one.
     */
    private static String script(LanguageLabel stated, String sample, String dominant) {
        String usual = stated.usualScript();
        return Scripts.share(sample, usual) >= USUAL_SHARE ? usual : dominant;
    }

    /** What the first model makes of a piece of text on its own: the label, {@code und} when it is not sure enough. */
    public Opinion identify(String text) {
        return identify(text, 0, text.length(), DOCUMENT_CHARS);
    }

    private Opinion identify(String text, int start, int end, int maxChars) {
        String script = Scripts.dominant(text, start, end);
        return deciding(opinions(identifiers.get(0), TextSample.of(text, start, end, maxChars), script), script);
    }

    /** A text of one paragraph is not asked about twice. */
    private List<Run> runs(String text, Opinion whole) {
        List<int[]> paragraphs = Paragraphs.of(text);
        List<Run> runs = new ArrayList<>();
        for (int[] paragraph : paragraphs) {
            Opinion opinion =
                    paragraphs.size() == 1 ? whole : identify(text, paragraph[0], paragraph[1], PARAGRAPH_CHARS);
            append(runs, new Run(paragraph[0], paragraph[1], opinion.label(), opinion.score()));
        }
        return List.copyOf(runs);
    }

    private static void append(List<Run> runs, Run next) {
        Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
        if (last == null || !last.label().equals(next.label())) {
            runs.add(next);
            return;
        }
        double before = last.end() - last.start();
        double added = next.end() - next.start();
        double score = (before * last.score() + added * next.score()) / (before + added);
        runs.set(runs.size() - 1, new Run(last.start(), next.end(), last.label(), score));
    }

    private List<Opinion> opinions(LanguageIdentifier identifier, String sample, String script) {
        return identifier.identify(sample, config.opinionFloor()).stream()
                .map(opinion -> new Opinion(opinion.model(), written(opinion.label(), script), opinion.score()))
                .toList();
    }

    private Opinion deciding(List<Opinion> opinions, String script) {
        String first = identifiers.get(0).model();
        return opinions.stream()
                .filter(opinion -> opinion.model().equals(first) && opinion.score() >= config.minScore())
                .findFirst()
                .orElseGet(() -> new Opinion(first, new LanguageLabel(LanguageLabel.UNDETERMINED, script), 0));
    }

    /** A model that knows scripts is believed. */
    private static LanguageLabel written(LanguageLabel label, String script) {
        return label.script().equals(Scripts.UNKNOWN) ? label.writtenIn(script) : label;
    }
}
