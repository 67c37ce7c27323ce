import java.io.IOException;

/** Ends with the stack trace that its argument names. */
public final class Traces {
    private Traces() {}

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "uncaught" -> deep(3);
            case "nested" -> nested();
            case "suppressed" -> suppressed();
            case "message" -> throw new IllegalArgumentException("first line\nsecond line");
            case "thread" -> inThread();
            case "lambda" -> java.util.List.of(1).forEach(number -> deep(number));
            case "circular" -> circular();
            case "logged" -> java.util.logging.Logger.getLogger("shop.cart")
                .log(java.util.logging.Level.SEVERE, "cannot load", new IOException("disk"));
            default -> throw new AssertionError(arguments[0]);
        }
    }

    private static void deep(int depth) {
        if (depth == 0) {
            throw new IllegalStateException("no stock");
        }
        deep(depth - 1);
    }

    private static void nested() {
        try {
            try {
                deep(2);
            } catch (IllegalStateException error) {
                throw new IOException("disk", error);
            }
        } catch (IOException error) {
            throw new RuntimeException(error);
        }
    }

    private static void suppressed() throws Exception {
        try (AutoCloseable resource = () -> { throw new IOException("close"); }) {
            deep(1);
        }
    }

    private static void inThread() throws InterruptedException {
        Thread thread = new Thread(() -> deep(1), "worker-1");
        thread.start();
        thread.join();
    }

    private static void circular() throws Exception {
        Exception one = new Exception("one");
        one.initCause(new Exception("two", one));
        throw one;
    }
}
