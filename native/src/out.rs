//! Writing into a buffer of a given size.

pub struct Out<'a> {
    pub bytes: &'a mut [u8],
    pub used: usize,
}

impl Out<'_> {
    pub fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.used + bytes.len();
        self.bytes.get_mut(self.used..end)?.copy_from_slice(bytes);
        self.used = end;
        Some(())
    }

    pub fn put_number(&mut self, mut number: u64) -> Option<()> {
        let mut digits = [0_u8; 20];
        let mut begin = digits.len();
        loop {
            begin -= 1;
            digits[begin] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return self.put(&digits[begin..]);
            }
        }
    }

    pub fn put_integer(&mut self, number: i64) -> Option<()> {
        if number < 0 {
            self.put(b"-")?;
        }
        self.put_number(number.unsigned_abs())
    }
}
