"""Telling that there is nothing to do, without understanding anything: stamps, who leaves them and who reads them."""
