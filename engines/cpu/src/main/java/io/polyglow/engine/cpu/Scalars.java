package io.polyglow.engine.cpu;

import io.polyglow.trainer.tensor.Tensor;

/** Single elements of tensors. */
final class Scalars {
    private Scalars() {}

    static float get(Tensor f32, long index) {
        long offset = f32.offset() + index * Float.BYTES;
        return CpuArena.memory(f32).view(offset).getFloat(Memory.at(offset));
    }

    static void put(Tensor f32, long index, float value) {
        long offset = f32.offset() + index * Float.BYTES;
        CpuArena.memory(f32).view(offset).putFloat(Memory.at(offset), value);
    }

    /** A token id, which must be in {@code [least, bound)}. */
    static int id(Tensor i32, long index, int least, long bound) {
        long offset = i32.offset() + index * Integer.BYTES;
        int id = CpuArena.memory(i32).view(offset).getInt(Memory.at(offset));
        if (id < least || id >= bound) {
            throw new IllegalArgumentException(
                    "id " + id + " at row " + index + " is outside [" + least + ", " + bound + ")");
        }
        return id;
    }
}
