"""Write question banks into files that other systems import, each in a format that lmskit reads."""
