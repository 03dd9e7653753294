package io.polyglow.trainer.kernels;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class InMemoryTensorExchangeTest extends TensorExchangeContractTest {
    @Override
    protected List<Member> open(int size, Duration deadline) {
        List<Engine> engines = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            engines.add(Engines.named("reference").open(1));
        }
        List<TensorExchange> exchanges = InMemoryTensorExchange.open(engines, deadline);
        List<Member> members = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            members.add(new Member(engines.get(rank), exchanges.get(rank)));
        }
        return members;
    }
}
