package dev.roost.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The build's own script, on a machine that lacks what phoenix.js comes by. */
@Timeout(60)
@DisabledOnOs(OS.WINDOWS)
class FetchPhoenixTest {

  private static final String SCRIPT = "fetch-phoenix.sh";

  /** As in a fresh clone: nothing was fetched before. */
  @TempDir private Path demo;

  /** All programs that there are. */
  @TempDir private Path programs;

  @TempDir private Path built;

  private record Run(int status, String output) {}

  @BeforeEach
  void copy() throws IOException {
    for (String file : List.of(SCRIPT, "package.json", "package-lock.json")) {
      Files.copy(Path.of(file), demo.resolve(file));
    }
    for (String program : List.of("sh", "dirname", "sed", "mkdir", "cp", "head")) {
      Files.createSymbolicLink(programs.resolve(program), find(program));
    }
  }

  private static Path find(String program) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + program + " on this machine"));
  }

  private void program(String name, String... lines) throws IOException {
    Path program = programs.resolve(name);
    Files.writeString(program, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    assertTrue(program.toFile().setExecutable(true));
  }

  private Run run(Map<String, String> environment, String... options) throws Exception {
    var command = new ArrayList<>(List.of(programs.resolve("sh").toString(), SCRIPT));
    command.addAll(List.of(options));
    command.add(built.resolve("web").toString());
    var builder = new ProcessBuilder(command).directory(demo.toFile()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("PATH", programs.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    return new Run(process.exitValue(), output);
  }

  private void assertGoesOn(String lack) throws Exception {
    Run run = run(Map.of());
    assertEquals(
        "fetch-phoenix: "
            + lack
            + """

            fetch-phoenix: building without it; the demo page will say what is missing. Once Node.js
            fetch-phoenix: 20 or newer and npm are installed, the next build or ./roost brings it.
            """,
        run.output());
    assertEquals(0, run.status());
    assertFalse(Files.exists(built.resolve("web")), "what the page looks for is not there");
  }

  private void assertFails(String lack, Map<String, String> environment, String... options)
      throws Exception {
    Run run = run(environment, options);
    assertEquals("fetch-phoenix: " + lack + "\n", run.output());
    assertEquals(1, run.status());
  }

  @Test
  void withoutNodeABuildSaysWhatIsMissingAndGoesOn() throws Exception {
    assertGoesOn("Node.js is not installed (need node and npm).");
  }

  @Test
  void withoutNpmABuildSaysSoAndGoesOn() throws Exception {
    program("node");
    assertGoesOn("npm is not installed.");
  }

  @Test
  void whereNpmGetsNothingABuildSaysSoAndGoesOn() throws Exception {
    program("node");
    program("npm", "exit 1");
    assertGoesOn("npm ci failed; is the npm registry reachable?");
  }

  @Test
  void whereItIsRequiredItsLackIsAnError() throws Exception {
    String lack = "Node.js is not installed (need node and npm).";
    assertFails(lack, Map.of("ROOST_REQUIRE_PHOENIX", "1"));
    assertFails(lack, Map.of(), "--required");
  }

  @Test
  void whatNpmBringsIsServedBesideThePageWithItsLicense() throws Exception {
    program("node");
    program(
        "npm",
        "mkdir -p node_modules/phoenix/priv/static",
        "cp package-lock.json node_modules/.package-lock.json",
        "cp package.json node_modules/phoenix/package.json",
        "echo module > node_modules/phoenix/priv/static/phoenix.mjs",
        "echo license > node_modules/phoenix/LICENSE.md");
    assertEquals(0, run(Map.of("ROOST_REQUIRE_PHOENIX", "1")).status());
    assertEquals("module\n", Files.readString(built.resolve("web/phoenix.mjs")));
    assertEquals("license\n", Files.readString(built.resolve("web/phoenix.LICENSE.md")));
    program("npm", "exit 1"); // There is no need for it any more.
    assertEquals(0, run(Map.of()).status());
  }
}
