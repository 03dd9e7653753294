package io.polyglow.common.store;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.regex.Pattern;

/** The rule for paths in a {@link Store}: what a manifest may name without reaching outside of the root. */
public final class StorePath {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._=-]{1,255}");

    private StorePath() {}

    /** Returns {@code path} if it keeps the rule, else throws an error of kind DATA. */
    public static String check(String path) {
        if (!path.isEmpty()) {
            for (String name : path.split("/", -1)) {
                checkName(name, path);
            }
        }
        return path;
    }

    /** As {@link #check}, for what a user named, who may call a file what the file system lets him: only {@code .} and {@code ..} are refused, and names of nothing. */
    static String checkFree(String path) {
        for (String name : path.split("/", -1)) {
            if (name.equals(".") || name.equals("..") || (name.isEmpty() && !path.isEmpty())) {
                throw refuse(path, "'" + name + "' names nothing in a directory");
            }
        }
        return path;
    }

    /** As {@link #check}, for operations that need a file or directory below the root. */
    public static String checkBelowRoot(String path) {
        return check(requireBelowRoot(path));
    }

    /** Returns {@code path} if it is not the root of the store. */
    static String requireBelowRoot(String path) {
        if (path.isEmpty()) {
            throw refuse(path, "it is the root of the store");
        }
        return path;
    }

    /** The directory of a path; empty for the root. */
    public static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    private static void checkName(String name, String path) {
        if (name.equals(".") || name.equals("..") || !NAME.matcher(name).matches()) {
            throw refuse(path, "'" + name + "' is not a name of letters, digits and . _ = -");
        }
    }

    private static PolyglowException refuse(String path, String why) {
        String shown = path.length() <= 200 ? path : path.substring(0, 200) + "...";
        String what = "Refused the path '" + shown + "': " + why
                + ". Polyglow never writes such paths; do not use the file that names it.";
        return new PolyglowException(ErrorKind.DATA, what);
    }
}
