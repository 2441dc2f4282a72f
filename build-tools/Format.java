import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Runs google-java-format over every Java file below a folder: {@code fix} rewrites those that
 * differ; {@code check} prints them and writes their names to a report, which is absent when all is
 * well. The build starts this from source; see the root pom.
 */
final class Format {
  private static final Set<String> SKIPPED = Set.of("target", "node_modules");

  private Format() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 3 || !Set.of("check", "fix").contains(args[0])) {
      throw new IllegalArgumentException("expected: check|fix FOLDER REPORT");
    }
    var root = Path.of(args[1]);
    var report = Path.of(args[2]);
    Files.deleteIfExists(report);
    var options =
        args[0].equals("fix")
            ? List.of("--replace")
            : List.of("--dry-run", "--set-exit-if-changed");
    var files = javaFilesBelow(root);
    if (files.isEmpty()) {
      return;
    }
    var out = new StringWriter();
    var command = Stream.concat(options.stream(), files.stream()).toArray(String[]::new);
    int code =
        new Main(new PrintWriter(out, true), new PrintWriter(out, true), System.in).format(command);
    System.err.print(out);
    if (code != 0) {
      Files.writeString(report, out.toString());
    }
  }

  private static List<String> javaFilesBelow(Path root) throws IOException {
    var files = new ArrayList<String>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            var name = folder.getFileName().toString();
            boolean skip = SKIPPED.contains(name) || name.startsWith(".");
            return skip && !folder.equals(root)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              files.add(file.toString());
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }
}
