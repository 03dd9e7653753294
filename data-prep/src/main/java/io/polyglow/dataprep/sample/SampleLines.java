package io.polyglow.dataprep.sample;

import com.ibm.icu.util.ULocale;
import io.polyglow.common.rng.RandomStream;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The lines of one language, drawn lazily, so a corpus of any size takes constant memory. Which numbers are held out is the same in all
 * languages: a model cannot copy an answer from a neighbour.
 */
final class SampleLines {
    private static final LocalDate FIRST_DAY = LocalDate.of(1900, 1, 1);
    private static final int DAYS = 73_049; // to the end of 2099

    /** A line: what is asked, in digits or codes, and the answer in words. */
    record Line(String language, String key, String answer) {
        /** The prompt ends with the bar, not with a space: byte-level BPE joins a space to the word after it. */
        String prompt() {
            return language + " | " + key + " |";
        }

        String text() {
            return prompt() + " " + answer;
        }
    }

    private final SampleConfig config;
    private final Speller speller;
    private final NumberOrder order;

    SampleLines(SampleConfig config, Speller speller) {
        this.config = config;
        this.speller = speller;
        this.order = new NumberOrder(config.numbers(), config.seed());
    }

    /** Numbers, dates and names to train on. */
    Stream<Line> training() {
        return Stream.of(trainingNumbers(), dates(), names()).flatMap(lines -> lines);
    }

    /** Numbers to test on. */
    Stream<Line> heldOut() {
        return drawnNumbers()
                .filter(this::isHeldOut)
                .mapToObj(this::number)
                .flatMap(Optional::stream)
                .limit(config.testsPerLanguage());
    }

    private Stream<Line> trainingNumbers() {
        LongStream small = LongStream.range(0, Math.min(config.numbers(), SampleConfig.ALWAYS_TRAINED));
        LongStream large = drawnNumbers().filter(n -> !isHeldOut(n));
        Stream<Line> all =
                LongStream.concat(small, large).mapToObj(this::number).flatMap(Optional::stream);
        return config.linesPerLanguage() == 0 ? all : all.limit(config.linesPerLanguage());
    }

    private LongStream drawnNumbers() {
        return LongStream.range(0, config.numbers()).map(order::at).filter(n -> n >= SampleConfig.ALWAYS_TRAINED);
    }

    private boolean isHeldOut(long n) {
        return RandomStream.of(config.seed(), "sample-held-out", n).nextDouble() < config.heldOut();
    }

    private Optional<Line> number(long n) {
        return speller.number(n).map(words -> line(Long.toString(n), words));
    }

    private Stream<Line> dates() {
        RandomStream random = RandomStream.of(config.seed(), "sample-dates:" + speller.language(), 0);
        return LongStream.range(0, share(config.dates()))
                .mapToObj(i -> FIRST_DAY.plusDays(random.nextInt(DAYS)))
                .map(day -> line(day.toString(), speller.date(day)));
    }

    private Stream<Line> names() {
        List<String> countries = Arrays.asList(ULocale.getISOCountries());
        int offset = RandomStream.of(config.seed(), "sample-names:" + speller.language(), 0)
                .nextInt(countries.size());
        return LongStream.range(0, Math.min(countries.size(), share(config.names())))
                .mapToObj(i -> countries.get((int) ((i + offset) % countries.size())))
                .flatMap(code -> speller.country(code).map(name -> line(code, name)).stream());
    }

    private long share(double perNumberLine) {
        long numbers = config.linesPerLanguage() == 0 ? config.numbers() : config.linesPerLanguage();
        return Math.round(perNumberLine * numbers);
    }

    private Line line(String key, String answer) {
        return new Line(speller.language(), key, answer);
    }
}
