# Ends with the stack trace that its argument names.
use strict;
use warnings;
use Carp qw(confess);

sub sell {
    my ($what) = @_;
    confess "no stock";
}

sub confessed { sell("tea") }

{ no strict "refs"; &{ $ARGV[0] }(); }
