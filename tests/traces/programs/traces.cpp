// Ends with the exception that its argument names.
#include <stdexcept>
#include <string>

namespace shop {
struct NoStock : std::runtime_error {
    using std::runtime_error::runtime_error;
};
}  // namespace shop

static void sell(const std::string &variant) {
    if (variant == "own") throw shop::NoStock("no tea");
    throw std::runtime_error("no stock");
}

int main(int count, char **arguments) { sell(count > 1 ? arguments[1] : ""); }
