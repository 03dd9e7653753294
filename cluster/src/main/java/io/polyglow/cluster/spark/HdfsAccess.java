package io.polyglow.cluster.spark;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/**
 * What Spark needs to get tokens for an application's executors where HDFS asks clients who they are (Kerberos): the names of all HDFS that it uses, since by itself Spark knows the default one
 * ({@code fs.defaultFS}) only; and, where Hadoop's clients log in by {@code KRB5PRINCIPAL} and {@code KRB5KEYTAB} instead of {@code kinit}, the same, with which it also renews tokens for as
 * long as the application runs.
 */
public final class HdfsAccess {
    private static final String FILE_SYSTEMS = "spark.kerberos.access.hadoopFileSystems";
    private static final String KEYTAB = "spark.kerberos.keytab";
    private static final String PRINCIPAL = "spark.kerberos.principal";
    private static final Pattern ADDRESS = Pattern.compile("hdfs://[^/,{}'\"\\s]+");

    private HdfsAccess() {}

    /** Names every HDFS of {@code places} (paths, globs, lists separated by commas) to Spark, unless the user has named those there are. */
    public static void grant(SparkConf conf, Collection<String> places) {
        Set<String> found = new LinkedHashSet<>();
        for (String place : places) {
            Matcher address = ADDRESS.matcher(place);
            while (address.find()) {
                found.add(address.group());
            }
        }
        if (!found.isEmpty() && !conf.contains(FILE_SYSTEMS)) {
            conf.set(FILE_SYSTEMS, String.join(",", found));
        }
        identify(conf, System.getenv());
    }

    static void identify(SparkConf conf, Map<String, String> environment) {
        String keytab = environment.get("KRB5KEYTAB");
        String principal = environment.get("KRB5PRINCIPAL");
        if (keytab != null && principal != null && !conf.contains(KEYTAB)) {
            conf.set(KEYTAB, keytab);
            conf.set(PRINCIPAL, principal);
        }
    }
}
