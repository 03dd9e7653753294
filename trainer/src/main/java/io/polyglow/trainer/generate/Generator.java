package io.polyglow.trainer.generate;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.CachedModel;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;

/**
 * Continues prompts in batches. The sequences of a batch advance in step, aligned at their first token: a sequence whose prompt goes on takes the prompt's
 * next token, the others take the picked one, so no padding enters any sum. Prompts are batched by length, since the longest sets the pace.
 *
 * <p>When the context is full, the last half of it is fed again from position 0 and generation goes on from there; of a prompt longer than the context
 * only the last {@code context} tokens count. Results do not depend on the order of prompts beyond the rounding of matrix products of other sizes.
 */
public final class Generator implements AutoCloseable {
    /** Told of each new token as it is picked, for output as it comes. */
    public interface Listener {
        /** {@code token} continues prompt number {@code prompt}. */
        void onToken(int prompt, int token);
    }

    private final CachedModel model;
    private final int tokens;
    private final NanoClock clock = SystemNanoClock.INSTANCE;
    private GenerationSpeed speed = GenerationSpeed.NONE;

    /**
     * Allocates the memory of a batch.
     *
     * @param parameters of the whole model, with fresh compute copies; they stay the caller's
     * @param tokens how many ids the tokenizer has; a model may have more, which are never picked
     * @param batch most prompts that are continued side by side
     */
    public Generator(Engine engine, ModelConfig config, ParameterSet parameters, int tokens, int batch) {
        this.tokens = tokens;
        model = new CachedModel(engine, config, parameters, batch);
    }

    /** The new tokens of each prompt, in the order of the prompts. */
    public List<int[]> generate(List<int[]> prompts, Sampling sampling) {
        return generate(prompts, sampling, (prompt, token) -> {});
    }

    /** As {@link #generate(List, Sampling)}, telling the listener on the way. */
    public List<int[]> generate(List<int[]> prompts, Sampling sampling, Listener listener) {
        int[] byLength = IntStream.range(0, prompts.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> prompts.get(i).length))
                .mapToInt(Integer::intValue)
                .toArray();
        List<int[]> results = new ArrayList<>(prompts);
        for (int from = 0; from < byLength.length; from += model.sequences()) {
            List<Sequence> batch = new ArrayList<>();
            for (int i = from; i < Math.min(from + model.sequences(), byLength.length); i++) {
                batch.add(new Sequence(byLength[i], prompts.get(byLength[i]), sampling));
            }
            run(batch, sampling, listener);
            batch.forEach(sequence -> results.set(sequence.prompt, sequence.generated()));
        }
        return results;
    }

    /** How fast this generator has been since it was opened. */
    public GenerationSpeed speed() {
        return speed;
    }

    private void run(List<Sequence> batch, Sampling sampling, Listener listener) {
        TokenPicker picker = new TokenPicker(sampling, tokens);
        double[] logits = new double[model.sequences() * model.vocabSize()];
        int base = 0;
        int fed = 0;
        while (true) {
            // every sequence, done or not, knows its tokens up to here
            int known = batch.stream().mapToInt(s -> s.length).min().orElseThrow();
            if (known - base > model.context()) {
                base = fed = known - Math.max(1, model.context() / 2);
            }
            long startNs = clock.nanoTime();
            int width = known - fed;
            model.feed(tokens(batch, fed, known), width, fed - base);
            fed = known;
            model.logits(logits);
            int picked = 0;
            boolean going = false;
            for (int b = 0; b < batch.size(); b++) {
                Sequence sequence = batch.get(b);
                if (sequence.length == known) {
                    picked += sequence.done ? 0 : 1;
                    sequence.append(picker.pick(logits, b * model.vocabSize(), sequence.random), listener);
                }
                going |= !sequence.done;
            }
            long tookNs = clock.nanoTime() - startNs;
            speed = width == 1
                    ? speed.plusDecode(picked, tookNs)
                    : speed.plusPrefill((long) width * batch.size(), tookNs);
            if (!going) {
                return;
            }
        }
    }

    /** Tokens {@code [from, to)} of every sequence; places of the batch without a sequence repeat the first. */
    private int[] tokens(List<Sequence> batch, int from, int to) {
        int[] tokens = new int[model.sequences() * (to - from)];
        for (int b = 0; b < model.sequences(); b++) {
            Sequence sequence = batch.get(b < batch.size() ? b : 0);
            System.arraycopy(sequence.tokens, from, tokens, b * (to - from), to - from);
        }
        return tokens;
    }

    /** A prompt and what follows it. A finished sequence keeps pace with token 0, which nobody sees. */
    private final class Sequence {
        final int prompt;
        final Sampling sampling;
        final RandomStream random;
        final int promptLength;
        int[] tokens;
        int length;
        int end;
        boolean done;

        Sequence(int prompt, int[] ids, Sampling sampling) {
            this.prompt = prompt;
            this.sampling = sampling;
            random = RandomStream.of(sampling.seed(), "generate/" + prompt, 0);
            tokens = Arrays.copyOfRange(ids, Math.max(0, ids.length - model.context()), ids.length);
            promptLength = tokens.length;
            length = promptLength;
            end = promptLength;
            check();
        }

        private void check() {
            if (promptLength == 0) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "prompt " + prompt + " is empty; start from the end-of-text token to generate from nothing");
            }
            for (int token : tokens) {
                if (token < 0 || token >= model.vocabSize()) {
                    throw new PolyglowException(
                            ErrorKind.DATA,
                            "prompt " + prompt + " has token " + token + ", but the model has tokens 0 to "
                                    + (model.vocabSize() - 1) + "; use the tokenizer the model was trained with");
                }
            }
        }

        void append(int picked, Listener listener) {
            done |= sampling.stopTokens().contains(picked);
            if (length == tokens.length) {
                tokens = Arrays.copyOf(tokens, 2 * length);
            }
            tokens[length++] = done ? 0 : picked;
            if (!done) {
                end = length;
                done = end - promptLength == sampling.maxTokens();
                listener.onToken(prompt, picked);
            }
        }

        int[] generated() {
            return Arrays.copyOfRange(tokens, promptLength, end);
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
