package io.polyglow.cluster.spark.yarn;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.net.InetSocketAddress;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.conf.HAUtil;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.jspecify.annotations.Nullable;

/** Where the ResourceManager of {@code --master yarn} is. */
public final class YarnMaster {
    private YarnMaster() {}

    /** Where clients find the ResourceManager, several where it is highly available; a USAGE error where nothing tells. */
    public static List<InetSocketAddress> addresses(SparkConf conf) {
        if (place() == null && conf.getAllWithPrefix("spark.hadoop.yarn.resourcemanager.").length == 0) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "--master yarn needs to know where YARN is: set HADOOP_CONF_DIR (or YARN_CONF_DIR) to the folder of your"
                            + " cluster's yarn-site.xml and core-site.xml.");
        }
        return addresses(SparkHadoopUtil.get().newConfiguration(conf));
    }

    static List<InetSocketAddress> addresses(Configuration site) {
        YarnConfiguration yarn = new YarnConfiguration(site);
        if (!HAUtil.isHAEnabled(yarn)) {
            return List.of(address(yarn));
        }
        List<InetSocketAddress> all = new ArrayList<>();
        for (String id : HAUtil.getRMHAIds(yarn)) {
            YarnConfiguration one = new YarnConfiguration(yarn);
            one.set(YarnConfiguration.RM_HA_ID, id);
            all.add(address(one));
        }
        return all;
    }

    private static InetSocketAddress address(YarnConfiguration yarn) {
        return yarn.getSocketAddr(
                YarnConfiguration.RM_ADDRESS, YarnConfiguration.DEFAULT_RM_ADDRESS, YarnConfiguration.DEFAULT_RM_PORT);
    }

    /** What to call the file of YARN's settings in a message. */
    public static String settings() {
        String place = place();
        return "yarn-site.xml" + (place == null ? "" : " (" + place + ")");
    }

    /** Where {@code yarn-site.xml} was found, null if nowhere. */
    private static @Nullable String place() {
        URL site = YarnMaster.class.getClassLoader().getResource("yarn-site.xml");
        return site == null ? null : site.getPath();
    }
}
