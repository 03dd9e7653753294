package io.polyglow.cluster.worker;

import io.polyglow.trainer.loop.Start;
import java.io.Serializable;

/**
 * Everything a rank has to know to begin; plain data, since it travels to other machines.
 *
 * @param configYaml the resolved config
 * @param runId identity of the run, the same in all attempts
 * @param epoch number of the attempt
 * @param start whether the run begins or goes on
 */
public record RankTask(String configYaml, String runId, int epoch, Start start) implements Serializable {}
