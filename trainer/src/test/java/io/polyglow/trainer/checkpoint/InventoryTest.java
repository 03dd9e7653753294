package io.polyglow.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.trainer.checkpoint.Inventory.SliceEntry;
import io.polyglow.trainer.checkpoint.Inventory.TensorEntry;
import io.polyglow.trainer.model.ParameterSpec;
import io.polyglow.trainer.model.Role;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What rank 0 asks of the parts of all ranks before it publishes a checkpoint. */
class InventoryTest {
    private static final List<ParameterSpec> MODEL = List.of(
            new ParameterSpec("wte", List.of(4L, 2L), Role.TOKEN_TABLE, ParameterSpec.NO_LAYER, 0, 0.02),
            new ParameterSpec("ln_f", List.of(2L), Role.FINAL_NORM_GAMMA, ParameterSpec.NO_LAYER, 1, 0));

    private final Inventory parts = Inventory.empty();

    InventoryTest() {
        parts.tensors().add(tensor("wte", 4L, 2L));
        parts.tensors().add(tensor("ln_f", 2L));
        parts.slices().add(slice("ln_f", 0, 2));
        parts.slices().add(slice("wte", 5, 3));
        parts.slices().add(slice("wte", 0, 5));
    }

    private static TensorEntry tensor(String name, Long... shape) {
        return new TensorEntry(name, "model", List.of(shape), 0);
    }

    private static SliceEntry slice(String parameter, long from, long count) {
        return new SliceEntry(parameter, from, count, "optimizer", 0, 0);
    }

    @Test
    void shouldBeCompleteWhateverTheOrderOfSlices() {
        assertThatCode(() -> parts.requireComplete(MODEL)).doesNotThrowAnyException();
    }

    @Test
    void shouldMissAParameterWithItsState() {
        parts.tensors().remove(1);
        parts.slices().remove(0);
        refused("no rank saved the parameter ln_f [2]");
    }

    @Test
    void shouldMissAPartOfAParameter() {
        parts.tensors().set(0, tensor("wte", 3L, 2L));
        refused("no rank saved the parameter wte [4, 2], one saved [3, 2]");
    }

    @Test
    void shouldMissStateAlsoWhereOtherStateIsThereTwice() {
        parts.slices().set(1, slice("wte", 0, 3));
        refused("optimizer state of wte goes up to element");
        parts.slices().remove(1);
        refused("optimizer state for 5 of 8 elements of wte");
    }

    @Test
    void shouldRefuseWhatTheModelDoesNotHave() {
        parts.slices().add(slice("head", 0, 2));
        refused("state of [head]");
        parts.tensors().add(tensor("ln_f", 2L));
        refused("two ranks saved the parameter ln_f");
    }

    private void refused(String reason) {
        assertThatThrownBy(() -> parts.requireComplete(MODEL))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(reason);
    }
}
