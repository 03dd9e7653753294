package io.polyglow.dataprep.spark;

import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.tokenize.LanguageWeights;
import io.polyglow.dataprep.tokenize.PreTokenCounter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The (pre-token, count) rows of one partition, in instalments of bounded size; a pre-token may come in several. */
final class PartialCounts implements Iterator<Row> {
    /** Distinct pre-tokens held at a time, and their bytes: tens of megabytes, and one text. */
    private static final int MAX_DISTINCT = 500_000;

    private static final int MAX_BYTES = 1 << 26;

    private final Iterator<TrainingText> texts;
    private final LanguageWeights weights;
    private final PreTokenCounter counter;
    private Iterator<Row> ready = Collections.emptyIterator();

    PartialCounts(Iterator<TrainingText> texts, PreTokenPattern pattern, LanguageWeights weights) {
        this.texts = texts;
        this.weights = weights;
        this.counter = new PreTokenCounter(pattern);
    }

    @Override
    public boolean hasNext() {
        while (!ready.hasNext() && texts.hasNext()) {
            ready = instalment();
        }
        return ready.hasNext();
    }

    @Override
    public Row next() {
        return ready.next();
    }

    private Iterator<Row> instalment() {
        while (texts.hasNext() && counter.size() < MAX_DISTINCT && counter.bytes() < MAX_BYTES) {
            TrainingText text = texts.next();
            counter.add(text.utf8, 0, text.utf8.length, weights.of(text.language));
        }
        List<Row> rows = new ArrayList<>(counter.size());
        counter.drainTo((preToken, count) -> rows.add(RowFactory.create(preToken, count)));
        return rows.iterator();
    }
}
