package io.polyglow.dataprep.spark;

import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.tokenize.PreTokenCounter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The (pre-token, count) rows of one partition, in instalments of bounded size; a pre-token may come in several. */
final class PartialCounts implements Iterator<Row> {
    /** Distinct pre-tokens held at a time: tens of megabytes. */
    private static final int MAX_DISTINCT = 500_000;

    private final Iterator<byte[]> texts;
    private final PreTokenCounter counter;
    private Iterator<Row> ready = Collections.emptyIterator();

    PartialCounts(Iterator<byte[]> texts, PreTokenPattern pattern) {
        this.texts = texts;
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
        while (texts.hasNext() && counter.size() < MAX_DISTINCT) {
            byte[] text = texts.next();
            counter.add(text, 0, text.length);
        }
        List<Row> rows = new ArrayList<>(counter.size());
        counter.drainTo((preToken, count) -> rows.add(RowFactory.create(preToken, count)));
        return rows.iterator();
    }
}
