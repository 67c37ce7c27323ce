/* Ends with ThreadSanitizer's report of a data race. */
#include <pthread.h>

static int stock;

static void *sell(void *unused) {
    stock--;
    return unused;
}

int main(void) {
    pthread_t threads[2];
    for (int number = 0; number < 2; number++) pthread_create(&threads[number], 0, sell, 0);
    for (int number = 0; number < 2; number++) pthread_join(threads[number], 0);
    return 0;
}
