"""How questions come in over HTTP and answers go out, whatever they are about."""
