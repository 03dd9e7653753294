/**
 * One rank's training: a step as a sequence of calls, and the loop around it with resume, metrics, evaluation and checkpoints. Knows the other
 * ranks through the seams of {@code trainer.parallel} only. Start at {@link io.polyglow.trainer.loop.TrainLoop}.
 */
@NullMarked
package io.polyglow.trainer.loop;

import org.jspecify.annotations.NullMarked;
