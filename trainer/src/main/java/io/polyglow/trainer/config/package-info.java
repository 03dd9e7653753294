/**
 * The config of a training run and which of its keys a resumed run may change. Start at {@link io.polyglow.trainer.config.TrainConfig}.
 */
@NullMarked
package io.polyglow.trainer.config;

import org.jspecify.annotations.NullMarked;
