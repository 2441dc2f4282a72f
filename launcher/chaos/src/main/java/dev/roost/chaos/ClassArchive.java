package dev.roost.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * An archive of the classes of a Roost process, from which the others start with a fifth of the
 * processor time: in a run as many processes start as there are faults.
 */
final class ClassArchive {

  /** The first compiler only: what lives for a minute gains nothing from the second. */
  private static final String COMPILER = "-XX:TieredStopAtLevel=1";

  private ClassArchive() {}

  /** Starts a node of both roles, dumps what it has loaded, and ends it: options for other JVMs. */
  static String create(Options options) throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    if (!Files.isExecutable(jcmd)) {
      return COMPILER;
    }
    var command =
        List.of(
            options.roost().toString(),
            "--role=all",
            "--cluster=on",
            "--cluster-name=chaos-archive",
            "--cluster-port=" + options.clusterPort(),
            "--bus-port=0",
            "--port=" + options.port(),
            "--applications=fixture");
    var environment =
        Map.of(
            "ROOST_APPS",
            options.fixture().toString(),
            "JDK_JAVA_OPTIONS",
            COMPILER + " -XX:+RecordDynamicDumpInfo");
    var node = new NodeProcess("archive", command, environment, options.logs());
    try {
      node.start();
      node.awaitReady();
      Path archive = options.logs().resolve("roost.jsa");
      int exitCode =
          new ProcessBuilder(
                  jcmd.toString(),
                  String.valueOf(node.pid()),
                  "VM.cds",
                  "dynamic_dump",
                  archive.toString())
              .redirectErrorStream(true)
              .redirectOutput(options.logs().resolve("archive-dump.log").toFile())
              .start()
              .waitFor();
      return exitCode == 0 ? COMPILER + " -XX:SharedArchiveFile=" + archive : COMPILER;
    } finally {
      node.destroy();
    }
  }
}
