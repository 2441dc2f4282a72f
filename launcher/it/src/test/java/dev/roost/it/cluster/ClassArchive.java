package dev.roost.it.cluster;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An archive of the classes of a node, from which the others start with half of the processor time:
 * all tests together start about a hundred. Made by each process that runs tests, once.
 */
final class ClassArchive {

  private static final String OPTION = make();

  private ClassArchive() {}

  /** With which a node of the distribution starts from it; empty where there can be none. */
  static String option() {
    return OPTION;
  }

  private static String make() {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    Path archive = Path.of("target", "cluster", "classes-" + Ports.process() + ".jsa");
    if (!Files.isExecutable(jcmd)) {
      return "";
    }
    try (var cluster = Cluster.of("archive", 1).withoutArchive()) {
      NodeProcess node = cluster.everything("fixture").ready();
      Shell.run("rm", "-f", archive.toString());
      Shell.run(
          jcmd.toString(),
          Long.toString(node.pid()),
          "VM.cds",
          "dynamic_dump",
          archive.toAbsolutePath().toString());
      // It would tell each node that the JDK's own archive knows none of its module options.
      return "-Xlog:cds=off -XX:SharedArchiveFile=" + archive.toAbsolutePath();
    } catch (AssertionError unavailable) {
      System.err.println("nodes start without an archive of classes: " + unavailable.getMessage());
      return "";
    }
  }
}
