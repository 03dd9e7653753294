package io.polyglow.cli;

import io.polyglow.common.AllowApi;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;

/**
 * What a person watches: plain lines, tables, and one progress line that is redrawn in place on a terminal and printed now and
 * then elsewhere. Results go to standard output; progress and errors go to standard error, so that output can be piped.
 */
@AllowApi("the command line is where the terminal belongs")
final class Console {
    private static final long PLAIN_INTERVAL_NS = 5_000_000_000L;
    private static final int BAR_WIDTH = 24;

    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;
    private final NanoClock clock;
    private boolean progressShown;
    private long lastPlainNs;

    Console(PrintStream out, PrintStream err, boolean terminal, NanoClock clock) {
        this.out = out;
        this.err = err;
        this.terminal = terminal;
        this.clock = clock;
        this.lastPlainNs = clock.nanoTime() - PLAIN_INTERVAL_NS;
    }

    /** The console of this process. The launcher says whether standard error is a terminal; Java cannot tell. */
    static Console system(NanoClock clock) {
        return new Console(System.out, System.err, Boolean.getBoolean("polyglow.terminal"), clock);
    }

    /** A result: one line on standard output. */
    synchronized void line(String text) {
        clearProgress();
        out.println(text);
        out.flush();
    }

    /** News on the way to the result: one line on standard error. */
    synchronized void note(String text) {
        clearProgress();
        err.println(text);
        err.flush();
    }

    /** The last news: what fails because the process is ending is said no more, here or in logs. */
    synchronized void lastWord(String text) {
        note(text);
        err.close();
    }

    /** Bytes of a result, as they are. */
    synchronized void raw(byte[] bytes) {
        clearProgress();
        out.write(bytes, 0, bytes.length);
        out.flush();
    }

    /** Time that is left of a stage that took {@code elapsedNs} for the part {@code fraction}; negative while unknown. */
    static double etaSeconds(double fraction, long elapsedNs) {
        return fraction > 0 && fraction < 1 ? elapsedNs * (1 - fraction) / fraction / 1e9 : -1;
    }

    /** Shows how far a stage is, {@code fraction} in [0, 1], and how long the rest will take; a negative ETA is not shown. */
    synchronized void progress(String stage, double fraction, double etaSeconds, String detail) {
        String text = progressText(stage, fraction, etaSeconds, detail);
        if (terminal) {
            err.print("\r\033[2K" + text);
            err.flush();
            progressShown = true;
            return;
        }
        long nowNs = clock.nanoTime();
        if (nowNs - lastPlainNs >= PLAIN_INTERVAL_NS || fraction >= 1) {
            lastPlainNs = nowNs;
            err.println(text);
            err.flush();
        }
    }

    static String progressText(String stage, double fraction, double etaSeconds, String detail) {
        double done = Math.max(0, Math.min(1, fraction));
        int full = (int) Math.round(done * BAR_WIDTH);
        String bar = "#".repeat(full) + ".".repeat(BAR_WIDTH - full);
        String eta = etaSeconds >= 0 && done < 1 ? "  ETA " + duration((long) (etaSeconds * 1e9)) : "";
        return String.format(Locale.ROOT, "%-9s [%s] %3.0f %%%s  %s", stage, bar, done * 100, eta, detail)
                .stripTrailing();
    }

    /** {@code 1 restart}, {@code 2 restarts}. */
    static String count(long number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    /** {@code 42 s}, {@code 3 min 05 s}, {@code 2 h 10 min}. */
    static String duration(long ns) {
        long seconds = Math.round(ns / 1e9);
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return String.format(Locale.ROOT, "%d min %02d s", seconds / 60, seconds % 60);
        }
        return String.format(Locale.ROOT, "%d h %02d min", seconds / 3600, seconds / 60 % 60);
    }

    /** A table: the first column left-aligned, the others right-aligned. */
    void table(List<String> header, List<List<String>> rows) {
        int[] widths = new int[header.size()];
        widen(widths, header);
        rows.forEach(row -> widen(widths, row));
        line(row(widths, header));
        line("-".repeat(row(widths, header).length()));
        rows.forEach(row -> line(row(widths, row)));
    }

    private static void widen(int[] widths, List<String> cells) {
        for (int column = 0; column < widths.length; column++) {
            widths[column] = Math.max(
                    widths[column],
                    cells.get(column).codePointCount(0, cells.get(column).length()));
        }
    }

    private static String row(int[] widths, List<String> cells) {
        StringBuilder text = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            String cell = cells.get(column);
            String padding = " ".repeat(widths[column] - cell.codePointCount(0, cell.length()));
            text.append(column == 0 ? cell + padding : "  " + padding + cell);
        }
        return text.toString();
    }

    private void clearProgress() {
        if (progressShown) {
            err.print("\r\033[2K");
            err.flush();
            progressShown = false;
        }
    }
}
