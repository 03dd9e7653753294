package io.polyglow.trainer.loop;

class ReferenceLearnsTest extends LearnsContractTest {
    @Override
    protected String engine() {
        return "reference";
    }
}
