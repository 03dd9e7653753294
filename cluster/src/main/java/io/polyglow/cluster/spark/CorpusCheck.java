package io.polyglow.cluster.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.shard.CorpusManifest;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.data.DataOrder;
import io.polyglow.trainer.eval.HeldOutSet;
import java.io.IOException;

/**
 * Whether a config can train on its corpus, as far as manifest, tokenizer and lengths of files tell: what the driver looks at before it
 * touches the run directory or starts Spark. The ranks check every byte.
 */
final class CorpusCheck {
    private CorpusCheck() {}

    /** Returns the config with the size of the vocabulary. */
    static TrainConfig run(TrainConfig config) {
        try (Store store = Stores.open(config.data())) {
            TokenDataset corpus = TokenDataset.open(store, "");
            TrainConfig full = config.forVocabulary(corpus.tokenizer().vocabSize());
            checkSamples(config, corpus.manifest());
            corpus.checkLengths();
            return full;
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT, "The corpus " + config.data() + " cannot be read: " + e, e);
        }
    }

    /** At least one window to learn from, and one to evaluate on if that is wanted. */
    private static void checkSamples(TrainConfig config, CorpusManifest corpus) {
        int timeSteps = config.model().context();
        DataOrder.requireSample(
                corpus.tokens(TokenDataset.TRAIN), timeSteps, config.batch().packing());
        if (config.evaluate().every() > 0) {
            HeldOutSet.windows(
                    TokenDataset.VALIDATION,
                    corpus.tokens(TokenDataset.VALIDATION),
                    config.evaluate().sequences(),
                    timeSteps);
        }
    }
}
