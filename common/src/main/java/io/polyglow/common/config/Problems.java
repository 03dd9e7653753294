package io.polyglow.common.config;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All that is wrong with a config, each with the line or {@code --set} it comes from. */
public final class Problems {
    private final String fileName;
    private final String prefix;
    private final List<String> messages;
    private final Map<String, String> placeOfKey;

    Problems(String fileName) {
        this(fileName, "", new ArrayList<>(), new HashMap<>());
    }

    private Problems(String fileName, String prefix, List<String> messages, Map<String, String> placeOfKey) {
        this.fileName = fileName;
        this.prefix = prefix;
        this.messages = messages;
        this.placeOfKey = placeOfKey;
    }

    /** Reports that the value of {@code key} (dotted, relative to the record being validated) breaks a rule; ends with a full stop. */
    public void add(String key, String message) {
        String path = prefix + key;
        addAt(placeOf(path), path, message);
    }

    /** The same problems, for keys below {@code path}. */
    Problems below(String path) {
        return path.isEmpty() ? this : new Problems(fileName, path + ".", messages, placeOfKey);
    }

    void addAt(String place, String path, String message) {
        messages.add(place + ": " + (path.isEmpty() ? "" : path + ": ") + message);
    }

    void remember(String path, String place) {
        placeOfKey.put(path, place);
    }

    /** Where a key was written; a key left out stands where its nearest written ancestor does. */
    private String placeOf(String path) {
        String place = placeOfKey.get(path);
        int dot = path.lastIndexOf('.');
        if (place != null) {
            return place;
        }
        return dot < 0 ? fileName : placeOf(path.substring(0, dot));
    }

    boolean isEmpty() {
        return messages.isEmpty();
    }

    void throwIfAny() {
        if (messages.size() == 1) {
            throw new PolyglowException(ErrorKind.USAGE, messages.get(0));
        }
        if (!messages.isEmpty()) {
            String all = messages.size() + " problems in " + fileName + ":\n  " + String.join("\n  ", messages);
            throw new PolyglowException(ErrorKind.USAGE, all);
        }
    }
}
