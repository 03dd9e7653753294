/**
 * A run's state on disk: safetensors files with a manifest, written off the training thread, published atomically, verified on load,
 * readable by any layout. The format is described in {@code docs/formats/checkpoint.md}. Start at {@link io.polyglow.trainer.checkpoint.CheckpointDirectory}.
 */
@NullMarked
package io.polyglow.trainer.checkpoint;

import org.jspecify.annotations.NullMarked;
