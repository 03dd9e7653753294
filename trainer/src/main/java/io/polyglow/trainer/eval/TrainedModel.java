package io.polyglow.trainer.eval;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.TokenizerFile;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.common.token.shard.TokenSplit;
import io.polyglow.trainer.checkpoint.Checkpoint;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.checkpoint.CheckpointLoader;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.data.MicroBatchReader;
import io.polyglow.trainer.generate.Generator;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.Recompute;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.pipeline.StageExecutor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.List;

/**
 * A run's newest checkpoint as a whole model in this process, to be evaluated or to generate, whatever layout trained it. Used by one
 * thread; the engine stays the caller's.
 */
public final class TrainedModel implements AutoCloseable {
    private static final String CONFIG = "config.yaml";
    private static final int MAX_CONFIG_BYTES = 4 << 20;

    private final TrainConfig config;
    private final Checkpoint checkpoint;
    private final Tokenizer tokenizer;
    private final Engine engine;
    private final StageModel model;

    private TrainedModel(TrainConfig config, Checkpoint checkpoint, Tokenizer tokenizer, Engine engine) {
        this.config = config;
        this.checkpoint = checkpoint;
        this.tokenizer = tokenizer;
        this.engine = engine;
        this.model = new StageModel(
                engine,
                config.model(),
                StagePlan.of(config.model(), 0, 1),
                config.computeType(engine),
                config.batch().micro(),
                config.model().context(),
                1,
                Recompute.FULL); // no backward pass will ask for activations
        try {
            CheckpointLoader.loadWeights(checkpoint, engine, model.parameters());
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /** Loads the newest checkpoint of the run directory at the root of {@code run}, which may be in training: of a checkpoint that is retired meanwhile, the next. */
    public static TrainedModel open(Store run, Engine engine) throws IOException {
        TrainConfig config = config(run);
        return new CheckpointDirectory(run).useNewest(checkpoint -> open(checkpoint, engine, config));
    }

    private static TrainedModel open(Checkpoint checkpoint, Engine engine, TrainConfig config) throws IOException {
        Tokenizer tokenizer = TokenizerFile.parse(
                checkpoint.location() + "/tokenizer.json", new ByteArrayInputStream(checkpoint.file("tokenizer.json")));
        return new TrainedModel(config.forVocabulary(tokenizer.vocabSize()), checkpoint, tokenizer, engine);
    }

    /** The config of a run directory. */
    public static TrainConfig config(Store run) throws IOException {
        return config(run, List.of());
    }

    /** The config of a run directory with {@code key=value} overrides applied. */
    public static TrainConfig config(Store run, List<String> overrides) throws IOException {
        try {
            String yaml = new String(Stores.read(run, CONFIG, MAX_CONFIG_BYTES), StandardCharsets.UTF_8);
            return ConfigFile.load(TrainConfig.class, run.root() + "/" + CONFIG, yaml, overrides)
                    .value();
        } catch (NoSuchFileException e) {
            throw new PolyglowException(
                    ErrorKind.USAGE, run.root() + " is no run: there is no " + CONFIG + " in it. Check the path.", e);
        }
    }

    /** The config of the run. */
    public TrainConfig config() {
        return config;
    }

    /** The checkpoint that was loaded. */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** The tokenizer that the model was trained with. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Continues up to {@code batch} prompts side by side; the caller closes it. */
    public Generator generator(int batch) {
        return new Generator(engine, config.model(), model.parameters(), tokenizer.vocabSize(), batch);
    }

    /** Loss over the first {@code sequences} windows of the corpus's held-out split. */
    public HeldOutLoss heldOutLoss(TokenDataset corpus, int sequences) throws IOException {
        String used = corpus.tokenizer().sha256();
        if (!used.equals(tokenizer.sha256())) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The corpus was made with tokenizer " + used + ", but the model was trained with "
                            + tokenizer.sha256() + "; evaluate it on a corpus that was prepared with tokenizer.file: "
                            + checkpoint.location() + "/tokenizer.json");
        }
        ModelConfig shape = config.model();
        int B = config.batch().micro();
        boolean mask = config.batch().documentMask();
        TokenSplit split = corpus.split(TokenDataset.VALIDATION);
        RankLinks links = RankLinks.single();
        StageExecutor executor = new StageExecutor(
                engine, links, model, List.of(), 1, new MicroBatchReader(split, B, shape.context(), mask));
        return new Evaluation(
                        links,
                        model,
                        executor,
                        new HeldOutSet(split.index(), sequences, shape.context(), mask),
                        B,
                        shape.context())
                .run();
    }

    @Override
    public void close() {
        model.close();
    }
}
