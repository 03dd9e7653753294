package io.polyglow.cli;

import java.util.function.Supplier;

/** What long work says when a signal (Ctrl-C, SIGTERM) ends this process: where it is and how to go on. Said by a shutdown hook, until closed. */
final class LastWord implements AutoCloseable {
    private final Thread hook;

    LastWord(Console console, Supplier<String> text) {
        hook = new Thread(() -> console.lastWord(text.get()), "last-word");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) { // a signal is what ended the work
        }
    }
}
