//! Ends with the stack trace that its argument names.

use std::fmt;

#[derive(Debug)]
struct NoStock {
    shop: &'static str,
}

impl fmt::Display for NoStock {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "no stock in {}", self.shop)
    }
}

fn deep(depth: u32) {
    if depth == 0 {
        panic!("no stock");
    }
    deep(depth - 1);
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("panic") => deep(2),
        Some("unwrap") => Err::<(), _>(NoStock { shop: "tea" }).unwrap(),
        Some("assert") => assert_eq!(1 + 1, 3, "sums"),
        Some("message") => panic!("first line\nsecond line"),
        Some("bounds") => println!("{}", [1, 2, 3][std::env::args().count() + 7]),
        Some("thread") => {
            let thread = std::thread::Builder::new().name("worker-1".into());
            thread.spawn(|| deep(1)).unwrap().join().unwrap_or(());
        }
        _ => (),
    }
}
