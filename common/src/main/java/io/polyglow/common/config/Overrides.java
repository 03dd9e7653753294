package io.polyglow.common.config;

import io.polyglow.common.config.ConfigNode.Mapping;
import io.polyglow.common.config.ConfigNode.Scalar;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code --set a.b=value}: replaces or adds one value of the tree. Lists and quoted text are YAML; anything else is taken literally. */
final class Overrides {
    private Overrides() {}

    static void apply(Mapping root, List<String> overrides, Problems problems) {
        for (String override : overrides) {
            apply(root, override, problems);
        }
    }

    private static void apply(Mapping root, String override, Problems problems) {
        String place = "--set " + override;
        int equals = override.indexOf('=');
        if (equals < 1) {
            problems.addAt(place, "", "write it as key=value, e.g. --set batch.global=64.");
            return;
        }
        String[] names = override.substring(0, equals).strip().split("\\.", -1);
        ConfigNode value = value(override.substring(equals + 1).strip(), place, problems);
        Mapping target = parent(root, names, place, problems);
        if (value != null && target != null) {
            target.entries().put(names[names.length - 1], value);
        }
    }

    private static @Nullable ConfigNode value(String text, String place, Problems problems) {
        if (text.isEmpty() || "[{\"'".indexOf(text.charAt(0)) < 0) {
            return new Scalar(text, false, place);
        }
        return YamlReader.read(text, line -> place, problems);
    }

    private static @Nullable Mapping parent(Mapping root, String[] names, String place, Problems problems) {
        Mapping at = root;
        for (int i = 0; i < names.length - 1; i++) {
            ConfigNode child = at.entries().get(names[i]);
            if (child == null || (child instanceof Scalar scalar && scalar.isNull())) {
                child = new Mapping(new LinkedHashMap<>(), place);
                at.entries().put(names[i], child);
            }
            if (!(child instanceof Mapping mapping)) {
                String path = String.join(".", List.of(names).subList(0, i + 1));
                problems.addAt(place, path, "has no keys below it, it is " + child.describe() + "; set it as a whole.");
                return null;
            }
            at = mapping;
        }
        return at;
    }
}
