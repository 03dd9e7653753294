package io.polyglow.systemtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.minikdc.MiniKdc;

/** A Kerberos realm: a key distribution center in this process, the principals of Hadoop's servers and one of a user. */
final class Kerberos implements AutoCloseable {
    /** Who types commands. */
    static final String USER = "alice";

    private static final String HDFS = "hdfs/localhost";
    private static final String YARN = "yarn/localhost";
    private static final String WEB = "HTTP/localhost";

    private final MiniKdc kdc;
    private final Path keytab;

    private Kerberos(MiniKdc kdc, Path keytab) {
        this.kdc = kdc;
        this.keytab = keytab;
    }

    static Kerberos start(Path work) {
        try {
            Path folder = Files.createDirectories(work.resolve("kdc"));
            MiniKdc kdc = new MiniKdc(MiniKdc.createConf(), folder.toFile());
            kdc.start();
            Kerberos kerberos = new Kerberos(kdc, folder.resolve("keytab"));
            kdc.createPrincipal(kerberos.keytab.toFile(), HDFS, YARN, WEB, USER);
            return kerberos;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) { // as the KDC declares it
            throw new IllegalStateException(e);
        }
    }

    /** Of every server and client of this realm. */
    Security security() {
        // as /etc/krb5.conf would tell
        return new Security(settings(), List.of("-Djava.security.krb5.conf=" + kdc.getKrb5conf()), identity(USER));
    }

    private Map<String, String> settings() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("hadoop.security.authentication", "kerberos");
        all.put("hadoop.security.authorization", "true");
        all.put("dfs.block.access.token.enable", "true");
        all.put("ignore.secure.ports.for.testing", "true");
        for (String server : new String[] {"dfs.namenode", "dfs.datanode"}) {
            all.put(server + ".kerberos.principal", principal(HDFS));
            all.put(server + ".keytab.file", keytab.toString());
        }
        all.put("dfs.web.authentication.kerberos.principal", principal(WEB));
        all.put("dfs.web.authentication.kerberos.keytab", keytab.toString());
        for (String server : new String[] {"yarn.resourcemanager", "yarn.nodemanager"}) {
            all.put(server + ".principal", principal(YARN));
            all.put(server + ".keytab", keytab.toString());
        }
        all.put("yarn.resourcemanager.webapp.delegation-token-auth-filter.enabled", "false");
        return all;
    }

    /** Lets a process be the one who may do everything on HDFS. */
    Map<String, String> superuser() {
        return identity(HDFS);
    }

    private Map<String, String> identity(String name) {
        return Map.of("KRB5PRINCIPAL", principal(name), "KRB5KEYTAB", keytab.toString());
    }

    private String principal(String name) {
        return name + "@" + kdc.getRealm();
    }

    @Override
    public void close() {
        kdc.stop();
    }
}
