package dev.roost.it.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.roost.bus.Contract;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** A distribution as another release would be: with another version of the contract. */
final class OtherRelease {

  private static final Path SOURCES =
      Path.of("..", "..", "cluster-config", "src", "main", "java").toAbsolutePath().normalize();
  private static final Path BUILT = Path.of("..", "target", "roost");

  private OtherRelease() {}

  /** Makes one from this release's distribution and sources; the folder with its {@code bin}. */
  static Path withContract(int version) {
    try {
      Path home = Path.of("target", "release-of-contract-" + version).toAbsolutePath();
      for (Path file : filesOf(BUILT)) {
        Path copy = home.resolve(BUILT.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.copy(
            file, copy, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
      }
      Path classes = Files.createTempDirectory("classes");
      compile(version, classes, home.resolve("lib"));
      Path jar =
          filesOf(home.resolve("lib")).stream()
              .filter(file -> file.getFileName().toString().startsWith("roost-cluster-config"))
              .findFirst()
              .orElseThrow();
      try (FileSystem inside = FileSystems.newFileSystem(jar)) {
        for (Path made : filesOf(classes)) {
          Path old = inside.getPath(classes.relativize(made).toString());
          Files.copy(made, old, StandardCopyOption.REPLACE_EXISTING);
        }
      }
      return home;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The contract, and whatever has the number in it, since javac copies constants. */
  private static void compile(int version, Path classes, Path lib) throws IOException {
    String constant = "int VERSION = " + Contract.VERSION + ";";
    Path changed = Files.createTempDirectory("sources");
    String classPath =
        filesOf(lib).stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    var arguments =
        new ArrayList<>(
            List.of("-proc:none", "-nowarn", "--release", "21", "-cp", classPath, "-d"));
    arguments.add(classes.toString());
    for (Path source : filesOf(SOURCES)) {
      String text = Files.readString(source);
      if (source.endsWith("Contract.java")) {
        assertNotEquals(-1, text.indexOf(constant), "the constant of " + source);
        text = text.replace(constant, "int VERSION = " + version + ";");
      } else if (!text.contains("Contract.VERSION")) {
        continue;
      }
      Path copy = changed.resolve(SOURCES.relativize(source));
      Files.createDirectories(copy.getParent());
      arguments.add(Files.writeString(copy, text).toString());
    }
    var compiler = ToolProvider.getSystemJavaCompiler();
    assertEquals(0, compiler.run(null, null, null, arguments.toArray(String[]::new)));
  }

  private static List<Path> filesOf(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }
}
