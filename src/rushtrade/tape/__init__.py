"""The consolidated tape: trades under their sale conditions, last sale, corrections, bars, lists and scans."""
