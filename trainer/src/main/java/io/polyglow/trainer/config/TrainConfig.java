package io.polyglow.trainer.config;

import io.polyglow.common.config.ConfigSection;
import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Problems;
import io.polyglow.common.config.Range;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.data.Packing;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.Recompute;
import io.polyglow.trainer.optim.AdamW;
import io.polyglow.trainer.optim.LearningRate;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.tensor.DType;

/** Everything that decides a training run. */
public record TrainConfig(
        @Doc("Directory of the prepared corpus: a local path or hdfs://...") String data,
        @Doc("Directory of the run, for metrics, logs and checkpoints: a local path or hdfs://...") String run,
        @Doc(
                        "Optimizer steps of the whole run. A resume may raise them; the learning rate still ends its decay at optimizer.decay-steps.")
                @Range(min = 1)
                long steps,
        @Doc("Stop after this step with a checkpoint, to be resumed later; 0 runs to the end.")
                @Default("0")
                @Range(min = 0)
                long stopAfter,
        @Doc("Seed of initial weights and order of data.") @Default("1234") long seed,
        @Doc("Which engine computes: auto is cpu wherever it works; cuda and nd4j are asked for by name.")
                @Default("auto")
                EngineChoice engine,
        @Doc("Dtype of matrix products; weights, sums and optimizer are f32 always. auto is the engine's choice.")
                @Default("auto")
                DTypeChoice dtype,
        @Doc("Threads of each rank's engine; 0 shares the cores of the machine evenly.")
                @Default("0")
                @Range(min = 0, max = 4096)
                int threadsPerRank,
        @Doc(
                        "What the backward pass computes again instead of keeping it: none; selective, norms and activation functions; full, whole blocks from their inputs. Changes memory and time, but no bit.")
                @Default("none")
                Recompute recompute,
        @Doc("How many times the driver restarts the job without a new checkpoint in between before it gives up.")
                @Default("3")
                @Range(min = 0, max = 1000)
                int restarts,
        @Doc("How ranks divide the work.") Layout layout,
        @Doc("How many sequences a step has.") Batch batch,
        @Doc("The transformer.") ModelConfig model,
        @Doc("AdamW and its schedule.") Optimizer optimizer,
        @Doc("Saving the run's state.") Checkpoints checkpoint,
        @Doc("Held-out loss during training.") Evaluation evaluate)
        implements ConfigSection {

    /** Names of engines. */
    public enum EngineChoice {
        /** The one of highest priority that works here. */
        AUTO,
        /** Naive Java, the truth. */
        REFERENCE,
        /** oneDNN and the Vector API. */
        CPU,
        /** cuBLASLt and kernels compiled for the GPU at hand. */
        CUDA,
        /** ND4J, on the CPU or on older GPUs; only in builds that include it. */
        ND4J
    }

    /** Compute dtypes. */
    public enum DTypeChoice {
        /** What the engine prefers here. */
        AUTO,
        /** 32 bits. */
        F32,
        /** 16 bits, f32 master weights. */
        BF16
    }

    /** The process grid. */
    public record Layout(
            @Doc("Replicas of the pipeline, each with its share of every batch.")
                    @Default("1")
                    @Range(min = 1, max = 65_536)
                    int data,
            @Doc("Pipeline stages, each with its share of the layers.") @Default("1") @Range(min = 1, max = 1000)
                    int pipeline,
            @Doc("Order of forwards and backwards in the pipeline: gpipe | 1f1b.") @Default("1f1b") String schedule,
            @Doc("1: each replica keeps a slice of the optimizer state (ZeRO-1); 0: all of it.")
                    @Default("1")
                    @Range(min = 0, max = 1)
                    int zero)
            implements ConfigSection {
        @Override
        public void validate(Problems problems) {
            if (!schedule.equals("gpipe") && !schedule.equals("1f1b")) {
                problems.add("schedule", "\"" + schedule + "\" is not one of gpipe, 1f1b.");
            }
        }

        /** The grid itself. */
        public ParallelLayout grid() {
            return new ParallelLayout(data, pipeline);
        }
    }

    /** The global batch. None of this depends on the layout, so that every layout computes the same bits. */
    public record Batch(
            @Doc("Sequences of one optimizer step, over all ranks.") @Range(min = 1, max = 1_048_576) int global,
            @Doc("Sequences computed at once by one replica; divides batch.global.") @Range(min = 1, max = 65_536)
                    int micro,
            @Doc(
                            "Lanes of the tree in which gradients are summed: layout.data must divide it; 0 is the largest power of two, at most 8, that divides batch.global / batch.micro.")
                    @Default("0")
                    @Range(min = 0, max = 65_536)
                    int canonicalWidth,
            @Doc(
                            "How documents become sequences: concat cuts one long text every model.context tokens; best-fit keeps documents whole where they fit and pads the rest.")
                    @Default("concat")
                    Packing packing,
            @Doc(
                            "Whether documents in one sequence are isolated: attention stays inside a document, and none predicts the first token of the next.")
                    @Default("false")
                    boolean documentMask) {
        private static final int LARGEST_DEFAULT_WIDTH = 8;

        /** Replaces 0 by what it means. */
        public Batch {
            if (canonicalWidth == 0 && micro > 0 && global % micro == 0) {
                canonicalWidth = Math.min(LARGEST_DEFAULT_WIDTH, Integer.lowestOneBit(global / micro));
            }
        }

        /** Micro-batches of the global batch. */
        public int microBatches() {
            return global / micro;
        }
    }

    /** AdamW with warm-up and cosine decay. */
    public record Optimizer(
            @Doc("Learning rate after warm-up.") @Range(min = 0) double learningRate,
            @Doc("Learning rate after decay.") @Default("0") @Range(min = 0) double minLearningRate,
            @Doc("Steps of linear warm-up.") @Default("0") @Range(min = 0) long warmupSteps,
            @Doc(
                            "Step at which the minimum is reached, along half a cosine; 0 is the steps that the run begins with. Fixed for a run: set it to all the steps that it may ever take.")
                    @Default("0")
                    @Range(min = 0)
                    long decaySteps,
            @Doc("Decay of the mean of gradients.") @Default("0.9") @Range(min = 0, max = 0.999999999) double beta1,
            @Doc("Decay of the mean of squared gradients.") @Default("0.95") @Range(min = 0, max = 0.999999999)
                    double beta2,
            @Doc("Added to the root of the mean square.") @Default("1e-8") @Range(min = 1e-30, max = 1) double epsilon,
            @Doc("Decay of weight matrices, as a share of the learning rate.") @Default("0.1") @Range(min = 0, max = 10)
                    double weightDecay,
            @Doc("Largest global norm of the gradient; 0 does not clip.") @Default("1") @Range(min = 0) double clipNorm)
            implements ConfigSection {
        @Override
        public void validate(Problems problems) {
            if (minLearningRate > learningRate) {
                problems.add(
                        "min-learning-rate",
                        minLearningRate + " is above optimizer.learning-rate = " + learningRate + ".");
            }
        }

        /** The constants of the update. */
        public AdamW adamW() {
            return new AdamW(beta1, beta2, epsilon, weightDecay, clipNorm);
        }
    }

    /** When to save and what to keep. */
    public record Checkpoints(
            @Doc("Steps between checkpoints; 0 saves at the end only.") @Default("100") @Range(min = 0) long every,
            @Doc("How many finished checkpoints to keep; 0 keeps all.") @Default("3") @Range(min = 0, max = 1_000_000)
                    int keep,
            @Doc(
                            "Seconds for which a save, or a line of metrics, that fails is tried again, after growing pauses; 0 never tries again.")
                    @Default("300")
                    @Range(min = 0, max = 86_400)
                    int retrySeconds) {}

    /** When to evaluate and on how much. */
    public record Evaluation(
            @Doc("Steps between evaluations; 0 never evaluates.") @Default("0") @Range(min = 0) long every,
            @Doc("Held-out sequences of one evaluation, at most as many as there are.") @Default("256") @Range(min = 1)
                    int sequences) {}

    /** Replaces zeroes by what they mean. */
    public TrainConfig {
        if (optimizer.decaySteps() == 0) {
            optimizer = new Optimizer(
                    optimizer.learningRate(),
                    optimizer.minLearningRate(),
                    optimizer.warmupSteps(),
                    steps,
                    optimizer.beta1(),
                    optimizer.beta2(),
                    optimizer.epsilon(),
                    optimizer.weightDecay(),
                    optimizer.clipNorm());
        }
    }

    @Override
    public void validate(Problems problems) {
        if (batch.global() % batch.micro() != 0) {
            problems.add("batch.micro", batch.micro() + " does not divide batch.global = " + batch.global() + ".");
        } else if (batch.microBatches() % batch.canonicalWidth() != 0) {
            problems.add(
                    "batch.canonical-width",
                    batch.canonicalWidth() + " does not divide the " + batch.microBatches()
                            + " micro-batches (batch.global / batch.micro).");
        } else if (batch.canonicalWidth() % layout.data() != 0) {
            problems.add(
                    "layout.data",
                    layout.data() + " does not divide batch.canonical-width = " + batch.canonicalWidth()
                            + ", the lanes in which the " + batch.microBatches() + " micro-batches are summed.");
        }
        if (layout.pipeline() > model.layers()) {
            problems.add(
                    "layout.pipeline",
                    layout.pipeline() + " stages need as many layers, but model.layers = " + model.layers() + ".");
        }
        if (optimizer.warmupSteps() > optimizer.decaySteps()) {
            problems.add(
                    "optimizer.warmup-steps",
                    optimizer.warmupSteps() + " steps end after the decay to the minimum, at step "
                            + optimizer.decaySteps() + ".");
        }
    }

    private TrainConfig with(Layout newLayout, ModelConfig newModel, Recompute newRecompute) {
        return new TrainConfig(
                data,
                run,
                steps,
                stopAfter,
                seed,
                engine,
                dtype,
                threadsPerRank,
                newRecompute,
                restarts,
                newLayout,
                batch,
                newModel,
                optimizer,
                checkpoint,
                evaluate);
    }

    /** The same run with the size of the vocabulary filled in; refuses one that has no room for the tokenizer's ids. */
    public TrainConfig forVocabulary(int size) {
        if (model.vocabSize() >= size) {
            return this;
        }
        if (model.vocabSize() != 0) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "model.vocab-size = " + model.vocabSize() + " is too small for the corpus " + data
                            + ", whose tokenizer has " + size + " ids; leave model.vocab-size out");
        }
        return with(layout, model.withVocabSize(size), recompute);
    }

    /** The same run on another grid. */
    public TrainConfig withLayout(int data, int pipeline) {
        return with(new Layout(data, pipeline, layout.schedule(), layout.zero()), model, recompute);
    }

    /** The same run, which keeps other activations. */
    public TrainConfig withRecompute(Recompute level) {
        return with(layout, model, level);
    }

    /** The compute dtype on this engine; refuses one that it lacks. */
    public DType computeType(Engine on) {
        DType wanted = dtype == DTypeChoice.AUTO ? on.preferredComputeType() : DType.valueOf(dtype.name());
        if (!on.computeTypes().contains(wanted)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "dtype: " + wanted + " is not possible on this machine with engine: " + on.name()
                            + ", which computes in " + on.computeTypes() + "; set dtype: auto");
        }
        return wanted;
    }

    /** Bytes of the activations of one micro-batch, which travel between the stages of a pipeline. */
    public long stageMessageBytes() {
        return (long) batch.micro() * model.context() * model.channels() * Float.BYTES;
    }

    /** The rate of every step. */
    public LearningRate learningRate() {
        return new LearningRate(
                optimizer.learningRate(), optimizer.minLearningRate(), optimizer.warmupSteps(), optimizer.decaySteps());
    }

    /** The step at which this run, or this part of it, ends. */
    public long lastStep() {
        return stopAfter == 0 ? steps : Math.min(stopAfter, steps);
    }
}
