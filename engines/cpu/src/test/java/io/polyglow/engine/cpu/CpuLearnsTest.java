package io.polyglow.engine.cpu;

import io.polyglow.trainer.loop.LearnsContractTest;

class CpuLearnsTest extends LearnsContractTest {
    @Override
    protected String engine() {
        return "cpu";
    }
}
