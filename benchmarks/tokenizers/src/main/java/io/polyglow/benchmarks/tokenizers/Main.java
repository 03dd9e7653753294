package io.polyglow.benchmarks.tokenizers;

import io.polyglow.common.AllowApi;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.SystemNanoClock;

/** {@code encode FOLDER RESULT}: what {@code FOLDER/encode.json} asks for; writes a JSON file. */
public final class Main {
    private Main() {}

    /** Times, input by input and encoding by encoding. */
    @AllowApi("tells how far it is")
    public static void main(String[] arguments) throws IOException {
        String file = Path.of(arguments[1], "encode.json").toString();
        JsonObject plan = Json.parseObject(file, Files.readAllBytes(Path.of(file)));
        List<String> contenders = new ArrayList<>(List.of(Encoders.OURS));
        contenders.addAll(plan.getArray("peers").strings());
        EncodeRace race = new EncodeRace(SystemNanoClock.INSTANCE, plan.getInt("rounds"));
        JsonArray rows = new JsonArray();
        for (String input : plan.getArray("inputs").strings()) {
            Texts texts = WorstCase.isNamed(input) ? WorstCase.of(input) : Texts.read(Path.of(input));
            for (String encoding : plan.getArray("encodings").strings()) {
                System.out.println(encoding + " on " + input);
                race.run(encoding, contenders, texts).forEach(rows::add);
            }
        }
        Files.writeString(Path.of(arguments[2]), Json.pretty(new JsonObject().put("rows", rows)));
    }
}
