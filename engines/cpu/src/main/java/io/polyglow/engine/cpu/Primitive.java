package io.polyglow.engine.cpu;

import static io.polyglow.engine.cpu.OneDnn.check;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SCRATCHPAD;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_scratchpad_md;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Pointer;

/**
 * One compiled oneDNN primitive with its arguments prebuilt, so that running it sets addresses and makes one native call. Belongs to one thread.
 */
final class Primitive implements AutoCloseable {
    private final String name;
    private final dnnl_primitive primitive = new dnnl_primitive();
    private final List<Argument> all = new ArrayList<>();
    private final dnnl_exec_arg_t arguments;
    private final Argument scratchpad;
    private final long scratchpadBytes;

    /** An argument's number ({@code DNNL_ARG_...}) and what lies at its address. */
    record Operand(int number, dnnl_memory_desc desc) {}

    /** Compiles; the descriptions stay the caller's. */
    Primitive(String name, dnnl_primitive_desc description, List<Operand> operands) {
        this.name = name;
        check(dnnl_primitive_create(primitive, description), name);
        for (Operand operand : operands) {
            all.add(new Argument(operand));
        }
        dnnl_memory_desc scratchpadDesc = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
        scratchpadBytes = dnnl_memory_desc_get_size(scratchpadDesc);
        scratchpad = new Argument(new Operand(DNNL_ARG_SCRATCHPAD, scratchpadDesc));
        all.add(scratchpad);
        arguments = join(all);
    }

    /** Bytes of working memory that {@link #run} needs. */
    long scratchpadBytes() {
        return scratchpadBytes;
    }

    /** Where the operand of this index lies from now on. */
    void set(int operand, long address) {
        all.get(operand).set(address);
    }

    void run(dnnl_stream stream, long scratchpadAddress) {
        scratchpad.set(scratchpadAddress);
        check(dnnl_primitive_execute(primitive, stream, all.size(), arguments), name);
    }

    private static dnnl_exec_arg_t join(List<Argument> all) {
        dnnl_exec_arg_t joined = new dnnl_exec_arg_t(all.size());
        for (int i = 0; i < all.size(); i++) {
            joined.position(i).arg(all.get(i).number).memory(all.get(i).memory);
        }
        return joined.position(0);
    }

    @Override
    public void close() {
        all.forEach(Argument::close);
        dnnl_primitive_destroy(primitive);
        arguments.close();
    }

    /** One argument: oneDNN's handle of a matrix whose address is set before each run. */
    private static final class Argument {
        final int number;
        final dnnl_memory memory = new dnnl_memory();
        private final Address address = new Address();

        Argument(Operand operand) {
            number = operand.number;
            check(dnnl_memory_create(memory, operand.desc, OneDnn.engine(), address), "memory");
        }

        void set(long newAddress) {
            if (address.move(newAddress)) {
                check(dnnl_memory_set_data_handle(memory, address), "data handle");
            }
        }

        void close() {
            dnnl_memory_destroy(memory);
        }
    }

    /** A pointer that can be moved, so that running a primitive leaves no garbage. */
    private static final class Address extends Pointer {
        boolean move(long newAddress) {
            boolean moves = address != newAddress;
            address = newAddress;
            return moves;
        }
    }
}
