import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.elasticsearch.grok.Grok;
import org.elasticsearch.grok.GrokBuiltinPatterns;
import org.elasticsearch.grok.PatternBank;

/**
 * Matches lines with Elasticsearch's grok, on request.
 *
 * <p>Requests are lines on standard input: "pattern SET PATTERN" and "lines FILE" say what is meant from
 * then on; "run TIMES" matches all lines so often and answers with the thread's CPU time in
 * nanoseconds, the process's, and how many lines matched; "show" answers with one line of captures for
 * each line: names and values, sorted, with U+0001 between them.
 */
public final class GrokBench {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Grok grok;
    private List<String> lines = List.of();

    public static void main(String[] arguments) throws Exception {
        GrokBench bench = new GrokBench();
        BufferedReader requests =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String request; (request = requests.readLine()) != null; ) {
            System.out.println(bench.answer(request));
        }
    }

    private String answer(String request) throws Exception {
        String[] words = request.split(" ", 2);
        switch (words[0]) {
            case "pattern":
                String[] parts = words[1].split(" ", 2);
                PatternBank bank = parts[0].equals("legacy")
                    ? GrokBuiltinPatterns.legacyPatterns()
                    : GrokBuiltinPatterns.ecsV1Patterns();
                grok = new Grok(bank, parts[1], message -> {});
                return "ready";
            case "lines":
                lines = Files.readAllLines(Path.of(words[1]), StandardCharsets.UTF_8);
                return "ready";
            case "run":
                return run(Integer.parseInt(words[1]));
            default:
                return show();
        }
    }

    private String run(int times) {
        long processBegun = processCpu();
        long begun = THREADS.getCurrentThreadCpuTime();
        int matched = 0;
        for (int time = 0; time < times; time++) {
            for (String line : lines) {
                if (grok.captures(line) != null) {
                    matched++;
                }
            }
        }
        long took = THREADS.getCurrentThreadCpuTime() - begun;
        return took + " " + (processCpu() - processBegun) + " " + matched;
    }

    private String show() {
        StringBuilder shown = new StringBuilder();
        for (String line : lines) {
            Map<String, Object> found = grok.captures(line);
            if (found == null) {
                shown.append("null");
            } else {
                new TreeMap<>(found).forEach(
                    (name, value) -> shown.append(name).append('\u0001').append(value).append('\u0001'));
            }
            shown.append('\u0002');
        }
        return shown.toString();
    }

    private static long processCpu() {
        return ((com.sun.management.OperatingSystemMXBean)
            ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
