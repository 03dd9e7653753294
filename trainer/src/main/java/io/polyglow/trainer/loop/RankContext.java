package io.polyglow.trainer.loop;

import io.polyglow.common.store.Store;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.checkpoint.Attempt;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.Schedule;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.NanoClock;

/**
 * Everything one rank is given. Whoever makes it owns it: the loop closes none of these.
 *
 * @param config the resolved config, the same on every rank
 * @param links the other ranks
 * @param schedule order of passes in the pipeline
 * @param engine computes; used by the loop's thread
 * @param run the run directory
 * @param corpus the prepared data
 * @param attempt the claim on the run directory, made once for all ranks before any of them starts
 * @param start whether to begin or to go on
 * @param clock measures durations
 * @param wallClock stamps events
 * @param listener told what happens
 */
public record RankContext(
        TrainConfig config,
        RankLinks links,
        Schedule schedule,
        Engine engine,
        Store run,
        TokenDataset corpus,
        Attempt attempt,
        Start start,
        NanoClock clock,
        EpochClock wallClock,
        TrainListener listener) {}
