package io.polyglow.dataprep.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.apache.spark.sql.Row;

/** What one row becomes: none, one or many. */
@FunctionalInterface
interface RowExpansion {
    /** Hands over all that a row becomes. */
    void expand(Row row, Consumer<Row> out);

    /** All that the rows of a partition become, of which one row's are held at a time. */
    static Iterator<Row> flatMap(Iterator<Row> rows, RowExpansion expansion) {
        return new Iterator<>() {
            private final List<Row> ready = new ArrayList<>();
            private int next;

            @Override
            public boolean hasNext() {
                while (next == ready.size() && rows.hasNext()) {
                    ready.clear();
                    next = 0;
                    expansion.expand(rows.next(), ready::add);
                }
                return next < ready.size();
            }

            @Override
            public Row next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return ready.get(next++);
            }
        };
    }
}
