package io.polyglow.trainer.loop;

import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.eval.HeldOutLoss;
import org.jspecify.annotations.Nullable;

/**
 * What one step tells: a line of {@code metrics.jsonl}.
 *
 * @param step counted from 1
 * @param loss mean loss of the batch before the update, in nats per token
 * @param gradientNorm global norm before clipping
 * @param learningRate of the update
 * @param tokens tokens consumed since the run began
 * @param tokensPerSecond over this step, all ranks together
 * @param mfu share of the machine's measured matrix-product rate that the model's arithmetic reached (Chowdhery et al. 2022)
 * @param epoch passes over the train split since the run began
 * @param validation held-out loss after the update, on evaluation steps
 */
public record StepMetrics(
        long step,
        double loss,
        double gradientNorm,
        double learningRate,
        long tokens,
        double tokensPerSecond,
        double mfu,
        double epoch,
        @Nullable HeldOutLoss validation) {
    JsonObject json() {
        JsonObject json = new JsonObject()
                .put("step", step)
                .put("loss", loss)
                .put("grad_norm", gradientNorm)
                .put("lr", learningRate)
                .put("tokens", tokens)
                .put("tokens_per_second", tokensPerSecond)
                .put("mfu", mfu)
                .put("epoch", epoch);
        if (validation != null) {
            json.put("validation_loss", validation.loss());
            if (!validation.byLanguage().isEmpty()) {
                json.put("validation_loss_by_language", validation.byLanguage());
            }
        }
        return json;
    }
}
