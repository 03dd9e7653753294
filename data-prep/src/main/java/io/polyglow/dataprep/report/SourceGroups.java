package io.polyglow.dataprep.report;

import java.io.Serializable;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * Groups input files so that a page can show them all: each by itself if there are few, else by as many leading folders as keep the groups few.
 *
 * @param folders names of a path that count; 0 when even the first ones are too many, so that all files are one group
 */
public record SourceGroups(int folders) implements Serializable {
    /** Most groups. */
    static final int MOST = 100;

    private static final long serialVersionUID = 1;
    private static final int DEEPEST = 8;

    /** The groups of these paths, {@code /}-separated. */
    public static SourceGroups of(Collection<String> sources) {
        for (int folders = DEEPEST; folders > 0; folders--) {
            SourceGroups groups = new SourceGroups(folders);
            if (groups.areFew(sources)) {
                return groups;
            }
        }
        return new SourceGroups(0);
    }

    private boolean areFew(Collection<String> sources) {
        Set<String> names = new HashSet<>();
        return sources.stream().allMatch(source -> names.add(of(source)) ? names.size() <= MOST : true);
    }

    /** The group of a path. */
    public String of(String source) {
        int end = 0;
        for (int i = 0; i < folders; i++) {
            int slash = source.indexOf('/', end);
            if (slash < 0) {
                return source;
            }
            end = slash + 1;
        }
        return source.substring(0, end);
    }
}
