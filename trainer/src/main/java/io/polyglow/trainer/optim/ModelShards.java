package io.polyglow.trainer.optim;

import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterLayout;
import io.polyglow.trainer.model.ParameterSpec;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Who owns which slice of which parameter, for all stages and replicas: a pure function of model and layout. A stage has one group of
 * parameters; the table that embedding and head share is a group of its own, owned by the first stage, so that both stages cut it alike.
 */
public final class ModelShards {
    /** Parameters and their plan; {@code stage} owns them. */
    public record Group(int stage, List<ParameterSpec> parameters, ShardPlan plan) {}

    private final ParallelLayout layout;
    private final boolean tied;
    private final List<List<Group>> groups = new ArrayList<>();

    /** Plans for a model on a layout. */
    public ModelShards(ModelConfig config, ParallelLayout layout) {
        this.layout = layout;
        this.tied = config.tied();
        for (int stage = 0; stage < layout.pipeline(); stage++) {
            List<Group> ofStage = new ArrayList<>();
            for (List<ParameterSpec> parameters : groups(config, StagePlan.of(config, stage, layout.pipeline()))) {
                ofStage.add(group(stage, parameters));
            }
            groups.add(ofStage);
        }
    }

    /** The parameters of each group that a stage owns, the shared table first. */
    public static List<List<ParameterSpec>> groups(ModelConfig config, StagePlan stage) {
        List<ParameterSpec> owned = new ArrayList<>();
        new ParameterLayout(config, stage).owned().forEach(placed -> owned.add(placed.spec()));
        return stage.embedding() && config.tied()
                ? List.of(owned.subList(0, 1), owned.subList(1, owned.size()))
                : List.of(owned);
    }

    private Group group(int stage, List<ParameterSpec> parameters) {
        long[] sizes = parameters.stream().mapToLong(ParameterSpec::size).toArray();
        return new Group(stage, List.copyOf(parameters), new ShardPlan(sizes, layout.data()));
    }

    /** The groups that a stage owns, the shared table first. */
    public List<Group> ownedBy(int stage) {
        return groups.get(stage);
    }

    /** Whether embedding and head share the token table, which is then the first group of the first stage. */
    public boolean tied() {
        return tied;
    }

    /** The layout. */
    public ParallelLayout layout() {
        return layout;
    }

    /** Blocks that a rank owns: how many norms it has to tell. */
    public int blocksOf(int rank) {
        int blocks = 0;
        for (Group group : ownedBy(layout.stage(rank))) {
            for (ShardPlan.Segment segment : group.plan().segmentsOf(layout.replica(rank))) {
                blocks += segment.blocks();
            }
        }
        return blocks;
    }
}
