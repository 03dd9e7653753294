package io.polyglow.engine.cuda;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The GPUs that the machine has, with or without a driver for them, as Linux tells in {@code /sys/bus/pci/devices}. */
final class PciBus {
    private static final String NVIDIA = "0x10de";
    /** The PCI class of display controllers: 0x03, then what kind. */
    private static final String DISPLAY = "0x03";

    private PciBus() {}

    /** Addresses of NVIDIA's GPUs on the bus, in order. */
    static List<String> nvidiaGpus(Path devices) {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(devices)) {
            for (Path device : all) {
                if (value(device, "vendor").equals(NVIDIA)
                        && value(device, "class").startsWith(DISPLAY)) {
                    found.add(device.getFileName().toString());
                }
            }
        } catch (IOException e) {
            return List.of(); // not Linux, or a container without /sys
        }
        Collections.sort(found);
        return found;
    }

    private static String value(Path device, String file) throws IOException {
        Path path = device.resolve(file);
        return Files.isReadable(path) ? Files.readString(path).strip() : "";
    }
}
