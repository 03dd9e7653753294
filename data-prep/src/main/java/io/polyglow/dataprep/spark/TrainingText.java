package io.polyglow.dataprep.spark;

import java.io.Serializable;

/** A text to learn a tokenizer from, which begins and ends lines. */
final class TrainingText implements Serializable {
    private static final long serialVersionUID = 1L;

    final String language;
    final byte[] utf8;

    TrainingText(String language, byte[] utf8) {
        this.language = language;
        this.utf8 = utf8;
    }
}
